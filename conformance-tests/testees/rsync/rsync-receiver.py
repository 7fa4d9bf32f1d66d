from xnet_rsync.receiver import serve as run
