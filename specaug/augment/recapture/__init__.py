"""How a face is seen once more: a display or a print before a camera, in closed form."""
