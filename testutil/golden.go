package testutil

import (
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed testdata/golden/*.json
var goldenFiles embed.FS

// Transcript is the recording of one connection between a client and a real
// Nomad server. Tokens and secrets in it were replaced by others of the same
// length.
type Transcript struct {
	Name           string             `json:"name"`
	Description    string             `json:"description"`
	NomadVersion   string             `json:"nomad_version"`
	Transport      string             `json:"transport"`
	Facts          map[string]any     `json:"facts,omitempty"`      // what was measured besides the bytes
	ClientToServer Hex                `json:"client_to_server_hex"` // all bytes of the client
	ServerToClient Hex                `json:"server_to_client_hex"` // all bytes of the server
	Closed         []string           `json:"closed"`               // which side ended the connection first, and when
	Frames         []TranscriptFrame  `json:"decoded"`
	Streams        []TranscriptStream `json:"streams"` // by stream ID
}

// TranscriptFrame is one yamux frame.
type TranscriptFrame struct {
	Direction string `json:"dir"` // "c2s" or "s2c"
	Micros    int64  `json:"t_us"`
	Type      string `json:"type"`  // "data", "window_update", "ping", "go_away"
	Flags     string `json:"flags"` // "SYN", "ACK", "FIN", "RST" or combined
	Stream    uint32 `json:"stream"`
	Length    uint32 `json:"length"`
}

// TranscriptStream is one yamux stream without its frames.
type TranscriptStream struct {
	ID             uint32              `json:"id"`
	OpenedBy       string              `json:"opened_by"` // "client" or "server"
	Mode           string              `json:"mode"`      // "rpc", "streaming", "" for an unknown mode byte
	ClientToServer Hex                 `json:"client_to_server_hex"`
	ServerToClient Hex                 `json:"server_to_client_hex"`
	Messages       []TranscriptMessage `json:"messages"`
}

// TranscriptMessage is one value on a stream, in the order they were sent.
type TranscriptMessage struct {
	Direction string `json:"dir"`  // "c2s" or "s2c"
	Kind      string `json:"kind"` // "mode", "request_header", "request_body", "response_header", "response_body", "stream_header", "stream_ack", "stream_request", "stream_frame"
	Bytes     Hex    `json:"hex"`
	Value     any    `json:"value"` // decoded, as JSON has it: numbers are float64
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

// MarshalJSON writes a string of hexadecimal digits.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

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
	return parseTranscript(name, b)
}

// LoadTranscript reads a transcript from a file, as the recorder (make record) writes
// it, for [PlayerConfig]. The error is that of reading, or names the file.
func LoadTranscript(file string) (*Transcript, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parseTranscript(file, b)
}

func parseTranscript(name string, b []byte) (*Transcript, error) {
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
