# build rules of man
