package testutil

import (
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed testdata/golden/*.json
var goldenFiles embed.FS

// Transcript is the recording of one connection between a client and a real
// Nomad server. Tokens and secrets in it were replaced by others of the same
// length.
type Transcript struct {
	Name           string
	Description    string
	NomadVersion   string `json:"nomad_version"`
	Transport      string
	Facts          map[string]any     // what was measured beside the bytes
	ClientToServer Hex                `json:"client_to_server_hex"` // everything the client sent
	ServerToClient Hex                `json:"server_to_client_hex"` // everything the server sent
	Frames         []TranscriptFrame  `json:"decoded"`
	Streams        []TranscriptStream // by stream ID
	Closed         []string           // which side ended the connection first, and when
}

// TranscriptFrame is one yamux frame.
type TranscriptFrame struct {
	Direction string `json:"dir"` // "c2s" or "s2c"
	Micros    int64  `json:"t_us"`
	Type      string // "data", "window_update", "ping", "go_away"
	Flags     string // "SYN", "ACK", "FIN", "RST" or combined
	Stream    uint32
	Length    uint32
}

// TranscriptStream is one yamux stream without its frames.
type TranscriptStream struct {
	ID             uint32
	OpenedBy       string `json:"opened_by"` // "client" or "server"
	Mode           string // "rpc", "streaming", "" for an unknown mode byte
	ClientToServer Hex    `json:"client_to_server_hex"`
	ServerToClient Hex    `json:"server_to_client_hex"`
	Messages       []TranscriptMessage
}

// TranscriptMessage is one value on a stream, in the order they were sent.
type TranscriptMessage struct {
	Direction string `json:"dir"` // "c2s" or "s2c"
	Kind      string // "mode", "request_header", "request_body", "response_header", "response_body", "stream_header", "stream_ack", "stream_request", "stream_frame"
	Bytes     Hex    `json:"hex"`
	Value     any    // decoded, as JSON has it: numbers are float64
}

// Hex is bytes that JSON holds as hexadecimal digits.
type Hex []byte

// UnmarshalJSON reads a string of hexadecimal digits.
func (h *Hex) UnmarshalJSON(b []byte) error {
	var digits string
	if err := json.Unmarshal(b, &digits); err != nil {
		return err
	}
	var err error
	*h, err = hex.DecodeString(digits)
	return err
}

// GoldenNames lists the transcripts that [LoadGolden] knows.
func GoldenNames() []string {
	files, err := fs.Glob(goldenFiles, "testdata/golden/*.json")
	if err != nil {
		return nil // the pattern is good
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return files
}

// LoadGolden returns a transcript by its name, for example "ping". The error
// names those there are.
func LoadGolden(name string) (*Transcript, error) {
	b, err := goldenFiles.ReadFile("testdata/golden/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("testutil: no transcript %q; there are %s", name, strings.Join(GoldenNames(), ", "))
	}
	var t Transcript
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, fmt.Errorf("testutil: transcript %q: %w", name, err)
	}
	return &t, nil
}

// Exchange is one request with its answer.
type Exchange struct {
	Method                       string
	Stream                       uint32
	RequestHeader, RequestBody   Hex
	ResponseHeader, ResponseBody Hex
	Error                        string // as in the response header
	RequestValue, ResponseValue  any    // the bodies, as JSON has them
}

// Exchanges lists the answered requests that the client made, stream by stream.
func (t *Transcript) Exchanges() []Exchange {
	var all []Exchange
	for _, s := range t.Streams {
		if s.OpenedBy != "client" || s.Mode != "rpc" {
			continue
		}
		var e Exchange
		for _, m := range s.Messages {
			switch m.Kind {
			case "request_header":
				e = Exchange{Method: field(m.Value, "ServiceMethod"), Stream: s.ID, RequestHeader: m.Bytes}
			case "request_body":
				e.RequestBody, e.RequestValue = m.Bytes, m.Value
			case "response_header":
				e.ResponseHeader, e.Error = m.Bytes, field(m.Value, "Error")
			case "response_body":
				e.ResponseBody, e.ResponseValue = m.Bytes, m.Value
				all = append(all, e)
			}
		}
	}
	return all
}

// field returns a string field of a decoded map.
func field(v any, name string) string {
	m, _ := v.(map[string]any)
	s, _ := m[name].(string)
	return s
}
