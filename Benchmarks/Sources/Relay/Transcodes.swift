private import Foundation
private import MediaEngine
private import MediaHooks
private import MediaIO
private import Synchronization
private import Transcoding
private import Wire

/// Cameras of 720p30 and 1.5 Mbit/s that a pool of one thread makes smaller beside the relay, in real time. What they
/// managed, and how late their pictures were, goes to standard error at the end.
final class Transcodes: Sendable {
  private let isStopping = Atomic<Bool>(false)
  private let hasStopped = DispatchSemaphore(value: 0)
  private let count: Int

  init(_ count: Int) throws {
    self.count = count
    guard count > 0 else { return }
    let film = try Self.film()
    let thread = Thread { [self] in
      show(film)
      hasStopped.signal()
    }
    thread.start()
  }

  func stop() {
    guard count > 0 else { return }
    isStopping.store(true, ordering: .relaxed)
    hasStopped.wait()
  }

  /// Two seconds that begin with a keyframe.
  private static func film() throws -> [[UInt8]] {
    let encoder = try VP8Encoder(.init(width: 1280, height: 720, bitrate: 1_500_000))
    return try (0..<60).compactMap { i in
      var picture = I420Picture(width: 1280, height: 720, luma: 0, chroma: 128)
      for y in 0..<720 {
        for x in 0..<1280 {
          let wave = ((x + 6 * i) / 16 + y / 24) % 12
          picture.pixels[y * 1280 + x] = UInt8(50 + 10 * wave + (x * y + i) % 7)
        }
      }
      return try encoder.encode(picture, timestamp: Int64(i + 1) * 3000, isKeyframe: i == 0)
    }
  }

  private final class Camera {
    let tap = PacketTap(capacity: 512)
    let feed = PacketFeed(capacity: 128, bitrate: 300_000)
    var packetizer = VP8Packetizer(maximumPayload: 1100, firstPictureID: 0)
    var sequence: UInt16 = 0
    var timestamp: UInt32 = 0
    /// When each of the last pictures was there as a whole, by timestamp.
    var shot: [UInt32: MediaInstant] = [:]

    func shoot(_ frame: [UInt8], now: MediaInstant) {
      timestamp &+= 3000
      let payloads = packetizer.packetize(frame, isDiscardable: false)
      for (i, payload) in payloads.enumerated() {
        var octets = [UInt8](repeating: 0, count: 12)
        octets.withUnsafeMutableBytes { buffer in
          var writer = RTPHeaderWriter(
            into: buffer, payloadType: 96, marker: i == payloads.count - 1,
            sequenceNumber: sequence, timestamp: timestamp, ssrc: SSRC(7))
          _ = writer?.finish()
        }
        sequence &+= 1
        (octets + payload).withUnsafeBytes {
          if tap.stage($0, encoding: 0, now: now) { tap.commit() }
        }
      }
      shot[timestamp] = now
    }
  }

  private func show(_ film: [[UInt8]]) {
    let pool = HookPool(threads: 1, now: SystemClock.now)
    let cameras = (0..<count).map { _ in Camera() }
    for (i, camera) in cameras.enumerated() {
      _ = try? pool.downscale(
        from: camera.tap, into: camera.feed,
        bindings: [PayloadBinding(codec: .vp8, payloadType: 96, rtxPayloadType: nil)],
        seed: UInt64(i), askKeyframe: {})
    }
    var buffer = [UInt8](repeating: 0, count: 2048)
    var delays: [MediaDuration] = []
    var shown = 0
    var next = SystemClock.now()
    while !isStopping.load(ordering: .relaxed) {
      let now = SystemClock.now()
      if now >= next {
        next += .microseconds(33_333)
        for (i, camera) in cameras.enumerated() {
          camera.shoot(film[(shown + 5 * i) % film.count], now: now)
        }
        shown += 1
      }
      for camera in cameras {
        while let length = buffer.withUnsafeMutableBytes({ camera.feed.take(into: $0) }) {
          let packet = buffer.withUnsafeBytes {
            RTPPacket(UnsafeRawBufferPointer(rebasing: $0[..<length]))
          }
          guard let packet, packet.marker,
            let shot = camera.shot.removeValue(forKey: packet.timestamp)
          else { continue }
          delays.append(now - shot)
        }
      }
      Thread.sleep(forTimeInterval: 0.001)
    }
    pool.stop()
    delays.sort { $0.nanoseconds < $1.nanoseconds }
    let dropped = cameras.reduce(0) { $0 + $1.tap.dropped }
    let p95 = delays.isEmpty ? 0 : delays[delays.count * 95 / 100].seconds * 1000
    FileHandle.standardError.write(
      Data(
        "transcodes: \(count), pictures: \(delays.count) of \(shown * count), delay p95: \(Int(p95.rounded())) ms, packets dropped: \(dropped)\n"
          .utf8))
  }
}
