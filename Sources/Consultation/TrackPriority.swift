/// What counts more in a picture when not all of it can be had (W3C mst-content-hint has the same words).
public enum TrackPriority: String, Hashable, Sendable, CaseIterable {
  /// Skin, documents: sharpness before motion.
  case detail
  case motion
}

extension MediaSource {
  /// Until its publisher says otherwise.
  public var usualPriority: TrackPriority { self == .screen ? .detail : .motion }
}
