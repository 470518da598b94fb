"""A gateway of telephones, as a bridge of the server sees it: Opus over RTP, a tone in and what comes out."""

import ctypes
import math
import socket
import struct
import threading
import time

RATE, FRAME = 48_000, 960
opus = ctypes.CDLL("libopus.so.0")
opus.opus_encoder_create.restype = opus.opus_decoder_create.restype = ctypes.c_void_p


def amplitude(samples, hertz: float, rate: int = RATE) -> float:
    """Of a tone among samples of full scale 1."""
    real = sum(one * math.cos(2 * math.pi * hertz * i / rate) for i, one in enumerate(samples))
    imaginary = sum(one * math.sin(2 * math.pi * hertz * i / rate) for i, one in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(len(samples), 1)


class RTPPeer:
    """Sends a tone to `remote` once that is known, and keeps what comes from there."""

    def __init__(self, hertz: float, level: float = 0.2, payload_type: int = 111):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.last = 0.0
        self.packets: list[bytes] = []
        self.payload_type = payload_type
        error = ctypes.c_int()
        encoder = opus.opus_encoder_create(RATE, 1, 2049, ctypes.byref(error))
        out = ctypes.create_string_buffer(1500)
        self._payloads = []
        # A second, which every tone of whole hertz repeats.
        for frame in range(100):
            tone = [level * math.sin(2 * math.pi * hertz * (frame * FRAME + i) / RATE) for i in range(FRAME)]
            length = opus.opus_encode_float(
                ctypes.c_void_p(encoder), (ctypes.c_float * FRAME)(*tone), FRAME, out, 1500)
            self._payloads.append(out.raw[:length])
        opus.opus_encoder_destroy(ctypes.c_void_p(encoder))
        self._running = True
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        count, begin = 0, time.monotonic()
        while self._running:
            time.sleep(max(begin + count * 0.02 - time.monotonic(), 0))
            if self.remote:
                header = struct.pack(
                    "!BBHII", 0x80, self.payload_type, count & 0xFFFF, count * FRAME & 0xFFFFFFFF, 4711)
                self.socket.sendto(header + self._payloads[50 + count % 50], self.remote)
            count += 1

    def _receive(self) -> None:
        while self._running:
            try:
                datagram, _ = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            self.last = time.monotonic()
            self.packets.append(datagram)

    def heard(self, seconds: float = 1.0) -> list[float]:
        """The last of what came, decoded, in samples."""
        packets = self.packets[-int(seconds * 50) - 25:]
        error = ctypes.c_int()
        decoder = opus.opus_decoder_create(RATE, 1, ctypes.byref(error))
        frame = (ctypes.c_float * 5760)()
        samples: list[float] = []
        for packet in packets:
            assert packet[0] == 0x80 and packet[1] & 127 == self.payload_type
            count = opus.opus_decode_float(
                ctypes.c_void_p(decoder), packet[12:], len(packet) - 12, frame, 5760, 0)
            assert count > 0, "Opus that cannot be decoded"
            samples += frame[:count]
        opus.opus_decoder_destroy(ctypes.c_void_p(decoder))
        return samples[-int(seconds * RATE):]

    def close(self) -> None:
        self._running = False
        for thread in self._threads:
            thread.join(2)
        self.socket.close()
