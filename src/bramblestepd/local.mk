# build rules of src/bramblestepd
