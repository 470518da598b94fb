import Testing

@testable import Bench

@Suite struct OptionTests {
  @Test("an impairment is a list of names and amounts; anything else is refused")
  func impairment() {
    let all = Impairment(argument: "loss=2%,delay=40ms,jitter=10ms")
    #expect(all?.loss == 0.02 && all?.delay == 40 && all?.jitter == 10)
    #expect(Impairment(argument: "loss=0.5")?.loss == 0.5)
    for wrong in ["", "loss", "loss=x", "loss=200%", "delay=-1ms", "speed=1"] {
      #expect(Impairment(argument: wrong)?.isNothing != false)
    }
    #expect(Impairment(argument: "speed=1") == nil)
  }

  @Test("CPUs are numbers and ranges")
  func cpus() {
    #expect(CPUList(argument: "1")?.cpus == [1])
    #expect(CPUList(argument: "0,4-7")?.cpus == [0, 4, 5, 6, 7])
    for wrong in ["", "a", "3-1", "1-2-3", "-1"] { #expect(CPUList(argument: wrong) == nil) }
  }

  @Test("a server is where its URL says")
  func urls() throws {
    let plain = try #require(ServerURL("http://127.0.0.1:8080"))
    #expect(plain.host == "127.0.0.1" && plain.port == 8080 && plain.target == "/")
    let secure = try #require(ServerURL("https://[2001:db8::1]/whip/a?b=c"))
    #expect(secure.isSecure && secure.port == 443 && secure.authority == "[2001:db8::1]")
    #expect(secure.target == "/whip/a?b=c")
    #expect(secure.resolving("/x")?.description == "https://[2001:db8::1]/x")
    #expect(secure.resolving("y")?.target == "/whip/y")
    #expect(secure.resolving("http://h:1/z")?.description == "http://h:1/z")
    for wrong in ["", "localhost", "ftp://x", "http://", "http://x:0", "http://x:port"] {
      #expect(ServerURL(wrong) == nil)
    }
  }

  @Test("metrics of one name are added up over their labels")
  func metrics() {
    let reading = MetricsReading(
      """
      # HELP a_total Some.
      a_total{worker="0"} 3
      a_total{worker="1"} 4.5
      b 7
      broken
      """)
    #expect(reading.values == ["a_total": 7.5, "b": 7])
  }
}
