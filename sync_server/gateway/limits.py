"""Every bound of the gateway, in one place. Times in seconds, sizes in bytes."""

HANDSHAKE_S = 10  # from connect to an authenticated session
SILENCE_S = 150  # no valid frame for this long: half-open, closed (heartbeats come every 30 s)
REPLY_S = 20  # a push that is not answered for this long ends the connection
FETCHING_S = 60  # a terminal that said it fetches and then did not is told again
GOODBYE_S = 5  # from hanging up until what was not read yet is thrown away
NOTE_S = 0.5  # how long it may take until it is kept who was given a list
SERVING_S = 30  # how often the server notes that it is there
SWEEP_S = 1.0  # how often the times above are looked at

CONNECTIONS = 12_000  # sockets at once; further ones are closed on arrival
READ_BYTES = 8192  # one receive call; a batch of 50 records fits
WRITE_HIGH_BYTES = 64 * 1024  # unsent bytes of one connection before its reading pauses
WRITE_STALL_S = 20  # paused for this long: a reader that does not read, closed

BATCHES_PER_COMMIT = 64  # 64 x 50 records share one commit at most
POSTS_PER_COMMIT = 500  # epochs, reports, confirmations and reads that share one commit
CALL_WAIT_S = 30  # a web thread waits this long for the writer thread

CHUNK_BYTES = 2048  # of a full list
DELTA_BYTES = 3072  # a larger delta is told as news and fetched
CACHED_LISTS = 256  # encoded full lists and deltas kept
