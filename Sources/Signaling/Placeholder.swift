import Hummingbird
import HummingbirdTLS
import JWTKit
import NIOWebSocket
