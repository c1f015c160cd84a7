#!
true
