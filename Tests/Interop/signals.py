"""Media that can be recognised after a lossy codec, and what recognises it."""

import asyncio
import fractions

import numpy
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame

RATE = 48_000


class Tone(AudioStreamTrack):
    """A sine tone of 440 Hz."""

    def __init__(self, frequency: float = 440):
        super().__init__()
        self.frequency = frequency
        self._samples = 0

    async def recv(self) -> AudioFrame:
        count = RATE // 50
        await super().recv()  # keeps the time
        phase = 2 * numpy.pi * self.frequency * (self._samples + numpy.arange(count)) / RATE
        wave = (numpy.sin(phase) * 12_000).astype(numpy.int16)
        frame = AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._samples
        frame.time_base = fractions.Fraction(1, RATE)
        self._samples += count
        return frame


class MovingBar(VideoStreamTrack):
    """A white bar that walks over a dark picture of 320 x 240, once in two seconds."""

    width, height, bar = 320, 240, 40

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = numpy.full((self.height, self.width, 3), 30, dtype=numpy.uint8)
        left = int(pts * time_base * self.width / 2) % self.width
        columns = numpy.arange(left, left + self.bar) % self.width
        picture[:, columns] = 230
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Recorder:
    """Decodes what arrives on a track."""

    def __init__(self, track):
        self.track = track
        self.frames: list = []
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            self.frames.append(await self.track.recv())

    async def wait_for(self, count: int, timeout: float = 20) -> list:
        """The newest `count` frames, when there are that many more than now."""
        goal = len(self.frames) + count
        deadline = asyncio.get_running_loop().time() + timeout
        while len(self.frames) < goal:
            assert not self._task.done(), f"the {self.track.kind} track ended"
            assert asyncio.get_running_loop().time() < deadline, (
                f"{self.track.kind}: {len(self.frames)} of {goal} frames in {timeout} s")
            await asyncio.sleep(0.02)
        return self.frames[-count:]

    def stop(self) -> None:
        self._task.cancel()


def bar_position(frame: VideoFrame) -> float:
    """The column in which the picture is brightest."""
    columns = frame.to_ndarray(format="gray").astype(float).mean(axis=0)
    kernel = numpy.ones(max(1, len(columns) // 8))
    return float(numpy.convolve(columns, kernel, mode="same").argmax())


def is_moving(frames: list[VideoFrame]) -> bool:
    """Whether the bar was seen in at least four places."""
    return len({round(bar_position(frame) / 16) for frame in frames}) >= 4


def has_changed(frames: list[VideoFrame]) -> bool:
    """Whether any two pictures next to each other differ by more than coding noise."""
    pictures = [frame.to_ndarray(format="gray").astype(float) for frame in frames]
    return any(
        a.shape != b.shape or numpy.abs(a - b).mean() > 0.5
        for a, b in zip(pictures, pictures[1:]))


def loudness(frames: list[AudioFrame]) -> float:
    """Root mean square, of 32768."""
    samples = numpy.concatenate([samples_of(frame) for frame in frames])
    return float(numpy.sqrt((samples**2).mean()))


def strongest_frequency(frames: list[AudioFrame]) -> float:
    """Hz"""
    samples = numpy.concatenate([samples_of(frame) for frame in frames])
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    spectrum[0] = 0
    return float(spectrum.argmax()) * frames[0].sample_rate / len(samples)


def samples_of(frame: AudioFrame) -> numpy.ndarray:
    """The first channel."""
    data = frame.to_ndarray().astype(float)
    channels = len(frame.layout.channels)
    return data[0] if data.shape[0] == channels else data.reshape(-1, channels)[:, 0]
