# build rules of testsuite
