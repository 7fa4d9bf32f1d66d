def find_cuts(
    data: bytes | memoryview,
    least: int,
    most: int,
    strong: tuple[bytes, int],
    weak: tuple[bytes, int],
    ended: bool,
) -> list[int]: ...
