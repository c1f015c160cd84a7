# build rules of contrib
