# build rules of man
dist_man_MANS += man/man1/sbench.1
dist_man_MANS += man/man5/bramble.conf.5
dist_man_MANS += man/man1/scontrol.1
