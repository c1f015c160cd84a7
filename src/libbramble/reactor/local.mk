# reactor
