"""PCRE2 through ctypes: the library that nginx and OpenResty match with, so that no dialect lies between.

Subjects and patterns are strings of bytes (one character per byte, latin-1), as ngx.re without its option "u"
sees them.
"""

import ctypes
import functools

_LIB = ctypes.CDLL("libpcre2-8.so.0")
_SIZE = ctypes.c_size_t
_LIB.pcre2_compile_8.restype = ctypes.c_void_p
_LIB.pcre2_compile_8.argtypes = [
    ctypes.c_char_p,
    _SIZE,
    ctypes.c_uint32,
    ctypes.POINTER(ctypes.c_int),
    ctypes.POINTER(_SIZE),
    ctypes.c_void_p,
]
_LIB.pcre2_match_data_create_from_pattern_8.restype = ctypes.c_void_p
_LIB.pcre2_match_data_create_from_pattern_8.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
_LIB.pcre2_match_8.restype = ctypes.c_int
_LIB.pcre2_match_8.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    _SIZE,
    _SIZE,
    ctypes.c_uint32,
    ctypes.c_void_p,
    ctypes.c_void_p,
]
_LIB.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(_SIZE)
_LIB.pcre2_get_ovector_pointer_8.argtypes = [ctypes.c_void_p]
_LIB.pcre2_pattern_info_8.restype = ctypes.c_int
_LIB.pcre2_pattern_info_8.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]

_ANCHORED = 0x80000000
_CASELESS = 0x00000008
_EXTENDED = 0x00000080
_PARTIAL_HARD = 0x00000020
_NO_MATCH = -1
_PARTIAL = -2
_UNSET = _SIZE(-1).value


class BadPattern(ValueError):
    pass


class Match:
    """Group 0 and up; None for a group that took no part."""

    def __init__(self, subject: str, spans: list):
        self.subject = subject
        self.spans = spans

    def group(self, n: int):
        if n >= len(self.spans) or self.spans[n] is None:
            return None
        start, end = self.spans[n]
        return self.subject[start:end]

    def span(self):
        return self.spans[0]


class Pattern:
    def __init__(self, pattern: str, caseless: bool = False, extended: bool = False):
        data = pattern.encode("latin-1")
        error, offset = ctypes.c_int(), _SIZE()
        options = (_CASELESS if caseless else 0) | (_EXTENDED if extended else 0)
        self._code = _LIB.pcre2_compile_8(data, len(data), options, ctypes.byref(error), ctypes.byref(offset), None)
        if not self._code:
            raise BadPattern(f"{pattern!r}: PCRE2 error {error.value} at {offset.value}")
        self._match = _LIB.pcre2_match_data_create_from_pattern_8(self._code, None)

    def search(self, subject: str, start: int = 0):
        data = subject.encode("latin-1")
        count = _LIB.pcre2_match_8(self._code, data, len(data), start, 0, self._match, None)
        if count == _NO_MATCH:
            return None
        if count < 0:
            raise BadPattern(f"PCRE2 match error {count}")
        ovector = _LIB.pcre2_get_ovector_pointer_8(self._match)
        spans = [(ovector[2 * i], ovector[2 * i + 1]) for i in range(count)]
        return Match(subject, [None if s == _UNSET else (s, e) for s, e in spans])

    def anchored(self) -> bool:
        """It can match at the start of a subject only."""
        options = ctypes.c_uint32()
        _LIB.pcre2_pattern_info_8(self._code, 0, ctypes.byref(options))  # PCRE2_INFO_ALLOPTIONS
        return bool(options.value & _ANCHORED)

    def decided(self, subject: str):
        """Whether an anchored pattern matches every continuation of subject (True), none (False), or that depends
        (None). The subject must not be empty: PCRE2 calls no empty match partial."""
        data = subject.encode("latin-1")
        count = _LIB.pcre2_match_8(self._code, data, len(data), 0, _PARTIAL_HARD, self._match, None)
        if count < _PARTIAL:
            raise BadPattern(f"PCRE2 match error {count}")
        return None if count == _PARTIAL else count > 0

    def each(self, subject: str):
        """All matches from left to right; an empty one moves on by one byte."""
        at = 0
        while at <= len(subject):
            match = self.search(subject, at)
            if match is None:
                return
            yield match
            start, end = match.span()
            at = end + 1 if start == end else end

    def replace(self, subject: str, new) -> str:
        """Every match replaced by new(match)."""
        out, at = [], 0
        for match in self.each(subject):
            start, end = match.span()
            out += [subject[at:start], new(match)]
            at = end
        return "".join(out) + subject[at:]


@functools.lru_cache(maxsize=None)
def pattern(text: str, caseless: bool = False, extended: bool = False) -> Pattern:
    """Compiled once; BadPattern where PCRE2 would refuse it."""
    return Pattern(text, caseless, extended)
