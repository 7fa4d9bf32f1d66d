"""The receiving side of a tree sync, for every Python from 2.7 on.

It shares no code with the sender and imports the standard library only: it is sent, as one text, to interpreters
that have nothing of ours. Where our packages are installed it is imported instead, which is quicker.

What is said on the channel is in 67-rsync.md of the specification. ``service`` is where a sync begins; from there
on, each module knows only those below it: see ``tools/check/layers.toml``.

Everything the sender says is hostile until checked. A name is one component of a path, never a path; folders
are opened one by one without following links, and all work is done relative to such a descriptor. So a link
that was planted in the destination, by an earlier message or by somebody else, leads nowhere.

Memory: a message, a few of them in the channel, a buffer of the same order, about 100 bytes for each file that
is needed and each directory, and about 300 for each chunk of a file that is being put together.
"""
