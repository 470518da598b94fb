import ArgumentParser
import Configuration
import Logging
import Records
import Signaling
import Yams

print("visavis")
