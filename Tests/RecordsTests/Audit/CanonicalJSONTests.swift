import Records
import Testing

@Suite("Canonical JSON (RFC 8785)")
struct CanonicalJSONTests {
  private func text(_ value: CanonicalJSON) -> String {
    String(decoding: value.bytes, as: UTF8.self)
  }

  @Test(
    "members stand in the order of their names' UTF-16 units, as in the example of section 3.2.3")
  func order() {
    let value = CanonicalJSON.object([
      "\u{20AC}": .string("Euro Sign"), "\r": .string("Carriage Return"),
      "\u{FB33}": .string("Hebrew Letter Dalet With Dagesh"), "1": .string("One"),
      "\u{1F600}": .string("Emoji: Grinning Face"), "\u{80}": .string("Control"),
      "\u{F6}": .string("Latin Small Letter O With Diaeresis"),
    ])
    #expect(
      text(value) == """
        {"\\r":"Carriage Return","1":"One","\u{80}":"Control",\
        "\u{F6}":"Latin Small Letter O With Diaeresis","\u{20AC}":"Euro Sign",\
        "\u{1F600}":"Emoji: Grinning Face","\u{FB33}":"Hebrew Letter Dalet With Dagesh"}
        """)
  }

  @Test("only what must be escaped is, in the shortest form")
  func escapes() {
    #expect(
      text(.string("\u{20AC}$\u{0F}\nA'B\"\\/\u{7F}\u{8}\t\u{C}\r"))
        == "\"\u{20AC}$\\u000f\\nA'B\\\"\\\\/\u{7F}\\b\\t\\f\\r\"")
  }

  @Test("values of every kind, without white space")
  func kinds() {
    let value = CanonicalJSON.array([
      .integer(0), .integer(-7), .boolean(true), .boolean(false), .array([]), .object([:]),
    ])
    #expect(text(value) == "[0,-7,true,false,[],{}]")
    #expect(text(.integer(.max)) == "9007199254740991")
  }
}
