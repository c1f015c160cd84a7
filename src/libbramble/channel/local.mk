# channel
