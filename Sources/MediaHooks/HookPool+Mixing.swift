internal import Transcoding
internal import Wire

extension HookPool {
  /// Puts the files of one recording together: each picture as it was received, and one mixed sound.
  ///
  /// - Parameter files: what the pictures are called, and where the octets of the files come from, `nil` at their end.
  /// - Returns: gives the next octets of the mixed file, `nil` at its end. One call at a time.
  public func mix(
    _ files: [(name: String, next: @Sendable () async throws -> [UInt8]?)]
  ) throws(HookFailure) -> @Sendable () async throws -> [UInt8]? {
    guard load < Self.maximumLanes else { throw .full }
    let mixing: RecordingMixing
    do throws(CodecError) {
      mixing = RecordingMixing(
        Mix(mix: try RecordingMix(files.map(\.name))), files.map(\.next), pool: self)
    } catch {
      throw .codec
    }
    return { try await mixing.next() }
  }

  /// Does something on a thread of the pool. What has begun goes on, however full it is: a file is not cut.
  fileprivate func perform(_ body: @escaping @Sendable () -> [UInt8]) async throws(HookFailure)
    -> [UInt8]
  {
    let done = await withCheckedContinuation { continuation in
      add(OnceLane(body) { continuation.resume(returning: $0) })
    }
    guard let done else { throw .cancelled }
    return done
  }
}

/// Used by one at a time: who hands it to a thread of the pool waits for that.
private struct Mix: @unchecked Sendable {
  let mix: RecordingMix
}

private actor RecordingMixing {
  private let mix: Mix
  private let files: [@Sendable () async throws -> [UInt8]?]
  private let pool: HookPool

  init(_ mix: Mix, _ files: [@Sendable () async throws -> [UInt8]?], pool: HookPool) {
    (self.mix, self.files, self.pool) = (mix, files, pool)
  }

  func next() async throws -> [UInt8]? {
    while true {
      while let place = mix.mix.needs {
        if let octets = try await files[place]() {
          try mix.mix.push(octets, to: place)
        } else {
          mix.mix.end(place)
        }
      }
      guard !mix.mix.isOver else { return nil }
      let octets = try await pool.perform { [mix] in mix.mix.next() }
      if !octets.isEmpty { return octets }
    }
  }
}

/// Something that is done once.
private final class OnceLane: HookLane {
  private let body: @Sendable () -> [UInt8]
  private let done: @Sendable ([UInt8]?) -> Void

  init(_ body: @escaping @Sendable () -> [UInt8], done: @escaping @Sendable ([UInt8]?) -> Void) {
    (self.body, self.done) = (body, done)
  }

  func run(now: MediaInstant) -> Bool {
    done(body())
    return false
  }

  func cancel() { done(nil) }
}
