# build rules of src/brambled
