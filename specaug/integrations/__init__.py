"""Operations in the form that other libraries expect; each module needs the library it is named after."""
