import Testing

@testable import Quality

struct QualityPolicyTests {
  @Test("A good talk with a poor picture serves to talk and not to look at skin, and says when")
  func policies() {
    let sound = [Double](repeating: 4.2, count: 60)
    var picture = [Double](repeating: 3.6, count: 60)
    for place in 20..<30 { picture[place] = 2 }
    #expect(QualityPolicy.talk.judge(sound: sound, picture: picture).isAdequate)
    let verdict = QualityPolicy.dermatology.judge(sound: sound, picture: picture)
    #expect(!verdict.isAdequate)
    #expect(verdict.inadequate == [200..<300])
  }

  @Test("Nothing heard is not adequate")
  func nothing() {
    #expect(!QualityPolicy.talk.judge(sound: [], picture: [4]).isAdequate)
  }
}
