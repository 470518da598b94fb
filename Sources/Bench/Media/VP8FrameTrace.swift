/// The sizes of the frames that a real encoder made, in segments that each begin with a keyframe.
struct VP8FrameTrace: Sendable {
  let framesPerSecond: Int
  /// Octets; the first frame of each segment is a keyframe, the others are not. No segment is
  /// shorter than two frames.
  let segments: [[Int]]

  var meanOctets: Double {
    let frames = segments.joined()
    return Double(frames.reduce(0, +)) / Double(frames.count)
  }
}

/// Gives frame after frame of a trace, scaled to a bit rate. Without a request for a keyframe the
/// segments follow each other without theirs, as a live encoder goes on for minutes.
struct FrameSizer: Sendable {
  /// What the header of a keyframe and the stamp of the load generator need.
  static let minimumOctets = 64

  private let trace: VP8FrameTrace
  private var scale: Double
  private let unit: Double
  private var segment: Int
  private var frame: Int
  private var wantsKeyframe = true

  /// - Parameters:
  ///   - kilobitsPerSecond, framesPerSecond: what comes out in the mean.
  ///   - offset: where in the trace to begin, so that participants do not march in step.
  init(_ trace: VP8FrameTrace, kilobitsPerSecond: Double, framesPerSecond: Double, offset: Int) {
    self.trace = trace
    unit = 1000 / 8 / framesPerSecond / trace.meanOctets
    scale = kilobitsPerSecond * unit
    segment = offset % trace.segments.count
    frame = 0
  }

  /// What comes out from now on.
  mutating func setRate(kilobitsPerSecond: Double) { scale = kilobitsPerSecond * unit }

  /// The next frame is a keyframe.
  mutating func requestKeyframe() { wantsKeyframe = true }

  mutating func next() -> (octets: Int, isKeyframe: Bool) {
    if wantsKeyframe {
      wantsKeyframe = false
      segment = (segment + 1) % trace.segments.count
      frame = 0
    } else if frame >= trace.segments[segment].count {
      segment = (segment + 1) % trace.segments.count
      frame = 1
    }
    let octets = Int((Double(trace.segments[segment][frame]) * scale).rounded())
    let isKeyframe = frame == 0
    frame += 1
    return (max(Self.minimumOctets, octets), isKeyframe)
  }
}
