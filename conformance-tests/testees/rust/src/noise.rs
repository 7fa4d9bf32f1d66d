//! Bytes for tests that nobody has chosen, the same in each run.

/// A small generator of numbers (Knuth's MMIX).
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Bytes that look like CBOR for a while.
    pub fn cbor(&mut self) -> Vec<u8> {
        const HEADS: &[&[u8]] = &[
            b"\x00",
            b"\x01",
            b"\x17",
            b"\x18\x20",
            b"\x20",
            b"\x38\xff",
            b"\x40",
            b"\x41a",
            b"\x60",
            b"\x61a",
            b"\x80",
            b"\x81",
            b"\x82",
            b"\x83",
            b"\xa0",
            b"\xa1",
            b"\xa2",
            b"\xf4",
            b"\xf5",
            b"\xf6",
            b"\xf9\x3c\x00",
            b"\xf9\x7e\x00",
            b"\xfb\x3f\xf0\0\0\0\0\0\0",
            b"\xc2\x41\x01",
            b"\xc3\x49\x01\0\0\0\0\0\0\0\0",
            b"\xd9\x01\x02\x82",
            b"\xd9\xe4\x20\x81",
            b"\xd9\xe4\x21\x82",
            b"\xd9\xe4\x22\x01",
            b"\xd9\xe4\x23\x41\xff",
            b"\xd9\xe4\x24\x43\xed\xa0\x80",
            b"\xd9\xa7\xf8\x82\xf9\x3c\x00\xf9\x00\x00",
            b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        ];
        let mut bytes = Vec::new();
        for _ in 0..1 + self.below(12) {
            bytes.extend(self.pick(HEADS));
        }
        if self.below(4) == 0 {
            let place = self.below(bytes.len());
            bytes[place] = self.byte();
        }
        bytes
    }
}
