"""The numbers of the protocol: codes of messages and tables, and what there may be at most. Spec: chapter 67."""

VERSION = 1
#: Kinds of entries. Spec: RS-020.
DIRECTORY, FILE, LINK, TREE_LINK = 1, 2, 3, 4
#: What is needed of a file. Spec: RS-025.
WHOLE, CHUNKS = 1, 2
#: What else may have been said last of a file that is needed: all of its list, or that it has changed. Spec: RS-045.
LISTED, CHANGED = 3, 4
#: Forms of content, and flags of its pieces. Spec: RS-041, RS-042.
PACK, DATA = 1, 2
FIRST, LAST = 1, 2
#: Flags of a group in a table. Spec: RS-021.
MORE, INCOMPLETE = 1, 2
#: Spec: RS-010.
STORED, ZLIB, ZSTD = 0, 1, 2
#: What a dry run would do. Spec: RS-080.
MAKE, REPLACE, ADJUST, CONVERT = 1, 2, 3, 4
#: Most bytes that a content message or a table has, uncompressed. Spec: RS-011.
MOST_BYTES = 1048576
#: Spec: RS-052.
MOST_LISTS, MOST_RECORDS, MOST_RECORDS_AT_ONCE = 16, 262144, 65536
#: How names of our unfinished files begin, and no others. Spec: RS-031.
TEMPORARY = b".xnet-rsync-"
#: Permissions that lend the rights of a file's owner, or of its group. Spec: RS-029.
SETUID, SETGID = 0o4000, 0o2000
SETID = SETUID | SETGID
#: Smaller files are always sent in full. Spec: RS-055.
WORTH_CUTTING_BYTES = 8192
#: Spec: RS-005, RS-008, RS-071.
BUSY_S = 2.0
LONGEST_PROBLEM = 4096
REMOVED_BYTES = 32768
