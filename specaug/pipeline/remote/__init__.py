"""RAW and OUT in an object store, as folders of this machine."""
