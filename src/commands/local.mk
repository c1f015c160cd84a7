# build rules of src/commands
