# build rules of src/bramblectld
