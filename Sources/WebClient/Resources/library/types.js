/**
 * The values of the signaling protocol, as JSDoc types. This module has no code.
 *
 * @typedef {"microphone" | "camera" | "screen"} MediaSource
 * @typedef {"patient" | "physician" | "assistant" | "interpreter" | "relative" | "expert" | "observer" | "ops" | "backend" |
 *   "loadtest"} ParticipantRole
 *
 * @typedef {object} Publication
 * @property {string} id
 * @property {"audio" | "video"} kind
 * @property {MediaSource} source
 * @property {boolean} muted
 * @property {TrackPriority} [priority] of pictures
 * @property {true} [encrypted] end to end, as its publisher says
 *
 * @typedef {"detail" | "motion"} TrackPriority what counts more in a picture when not all of it can be had
 *
 * @typedef {object} Participant
 * @property {string} id
 * @property {ParticipantRole} role
 * @property {string} name
 * @property {"connected" | "reconnecting"} state
 * @property {Publication[]} publications
 * @property {CheckResult} [check] of who waits, for those who may let in
 * @property {string[]} [hooks] what is done with what they publish, besides forwarding: `still-image`, `downscale`,
 *   `loudness`, `mix`, `recording`
 * @property {"bridge"} [kind] of somebody who is here by telephone, or a program that hears
 *
 * @typedef {"udp" | "tcp" | "relay"} CheckRoute a way on which media can take to the server
 * @typedef {CheckRoute | "measure"} CheckWay what a connection of a check is for
 * @typedef {"works" | "silent" | "off" | "missing"} DeviceState
 * @typedef {object} CheckResult how a device and its path were found
 * @property {"good" | "reduced" | "sound" | "poor" | "unreachable" | "unknown"} verdict
 * @property {DeviceState} camera
 * @property {DeviceState} microphone
 * @property {CheckRoute[]} tried
 * @property {CheckRoute[]} reached
 * @property {{rate: number, loss: number}} [up] bits/s, and the share of packets that was lost
 * @property {{rate: number, loss: number}} [down]
 * @property {number} [roundTrip] milliseconds
 * @property {number} [sound] score, 1 to 4.5
 * @property {number} [seconds]
 *
 * @typedef {object} ConsultationInfo
 * @property {string} id
 * @property {string} kind
 * @property {string} state
 * @property {boolean} [waitingRoom] whether all but physicians wait to be let in
 *
 * @typedef {"full" | "fewer-frames" | "lower-layer" | "lowest" | "video-off" | "audio-only"} AdaptationStep
 * @typedef {object} Adaptation what a viewer gets of a publication, since the viewer's path carries less than all
 * @property {string} viewer participant
 * @property {string} participant who publishes
 * @property {string} publication
 * @property {AdaptationStep} step
 * @property {"bandwidth" | "loss" | "silence" | "recovered" | "uplink"} reason with `uplink` it is the publisher's
 *   own path, and `viewer` the publisher
 *
 * @typedef {"joining" | "joined" | "reconnecting" | "left" | "ended" | "removed" | "replaced" | "failed"} ConsultationPhase
 *
 * @typedef {"act" | "third-participant" | "image-capture" | "recording" | "bridge"} ConsentPurpose
 * @typedef {object} Consent something that somebody is asked, and the answer so far
 * @property {string} participant who is asked
 * @property {ConsentPurpose} purpose
 * @property {string} [about] the third participant whom it is about
 * @property {"asked" | "given" | "refused" | "withdrawn"} state
 * @property {string} version of the text
 * @property {{language: string, text: string}[]} [texts] to who is asked alone
 *
 * @typedef {"off" | "on" | "paused"} RecordingState whether picture and sound are recorded; paused: somebody has not agreed yet
 *
 * @typedef {"none" | "inside" | "outside"} AsideState what a private aside is to us: there is none, we take part, we are on hold
 *
 * @typedef {object} ChatEntry
 * @property {string} id
 * @property {string} participant who has written it
 * @property {ParticipantRole} role
 * @property {string} name
 * @property {string} text
 * @property {string} at RFC 3339
 * @property {boolean} aside within a private aside
 * @property {string[]} to who else could read it
 *
 * @typedef {object} SharedFile
 * @property {string} id
 * @property {string} participant who has shared it
 * @property {ParticipantRole} role
 * @property {string} name of who has shared it
 * @property {string} file what it is called
 * @property {string} type media type
 * @property {number} size octets
 * @property {string} sha256
 * @property {string} at RFC 3339
 * @property {boolean} aside within a private aside
 * @property {string[]} to who else may fetch it
 *
 * @typedef {{size: number, types: string[]}} SharingLimits octets of one file, and media types
 *
 * @typedef {object} EncodingLimit how something that we publish should be encoded
 * @property {string} publication
 * @property {number} maxBitrate bits/s
 * @property {number} packetTime of sound in a packet, milliseconds
 *
 * @typedef {object} Joined
 * @property {1} v
 * @property {ConsultationInfo} consultation
 * @property {{id: string, role: ParticipantRole, name: string}} participant
 * @property {{token: string, seconds: number}} resume
 * @property {boolean} resumed
 * @property {boolean} [admitted] false in the waiting room
 * @property {Participant[]} roster
 * @property {Participant[]} [waiting] who waits, for those who may let in
 * @property {Consent[]} [consents]
 * @property {AsideState} [aside]
 * @property {"on" | "paused"} [recording]
 * @property {string[]} [soundOnly] who sends a picture that is not recorded
 * @property {ChatEntry[]} [chat] what we could read before
 * @property {string} [inCharge] the physician in charge
 * @property {SharedFile[]} [files]
 * @property {SharingLimits} [sharing] absent: files are not shared
 * @property {Adaptation[]} [adapted]
 * @property {EncodingLimit[]} [encodings]
 * @property {RTCIceServer[]} iceServers
 * @property {number} keepalive seconds without a message after which a ping is due
 *
 * @typedef {object} AnswerTrack
 * @property {string} mid
 * @property {string} publication
 * @property {string} participant
 * @property {"audio" | "video"} kind
 * @property {MediaSource} source
 * @property {"publish" | "subscribe"} direction
 * @property {boolean} [muted] of what we publish: what the server holds
 *
 * @typedef {object} Answer
 * @property {string} sdp
 * @property {AnswerTrack[]} tracks
 *
 * @typedef {{type: string, id?: string, re?: string} & Record<string, any>} Message
 *
 * @typedef {object} WantedPublication what we want to receive
 * @property {string} id
 * @property {string} participant
 * @property {"audio" | "video"} kind
 * @property {MediaSource} source
 *
 * @typedef {object} RemoteTrack what we receive
 * @property {string} participant
 * @property {string} publication
 * @property {"audio" | "video"} kind
 * @property {MediaSource} source
 * @property {MediaStreamTrack} track
 */

export {};
