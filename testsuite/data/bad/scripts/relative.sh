#!sh
true
