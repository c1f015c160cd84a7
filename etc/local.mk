# build rules of etc
