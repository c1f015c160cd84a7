# build rules of src/commands
include src/commands/sbench/local.mk
