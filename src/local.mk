# build rules of src
