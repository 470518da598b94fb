internal import Congestion

extension EncodingLimit {
  init(publication: String, sound: SoundRate) {
    self.init(publication: publication, maxBitrate: sound.bitrate, packetTime: sound.packetTime)
  }
}
