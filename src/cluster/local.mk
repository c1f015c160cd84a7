# build rules of src/cluster
