package sidecarconf

import (
	"time"

	"github.com/rs/zerolog"
)

// Config is a configuration, complete and checked.
type Config struct {
	// File is the path of the file that was read; empty: none.
	File string

	Listen    []string // addresses to listen on, as host:port
	Advertise string   // the address that agents are told to use; empty: where they connected
	Servers   []string // as messages.ParseServer reads them
	Region    string
	// Datacenter is the one whose servers come first; empty: all are equal.
	Datacenter string

	TLS    TLS    // towards servers
	Agents Agents // towards agents

	AllowUIDs         []uint32
	AllowAnyLocalUser bool
	AllowRemote       bool

	DNS    DNS
	Consul Consul

	StateFile    string
	DrainTimeout time.Duration // how long what is under way may take when the program ends
	MaxConns     int           // connections of agents at once

	Status string // where to show the proxy over HTTP, as status.Listen takes it; empty: nowhere

	LogLevel  zerolog.Level
	LogFormat string // formatJSON or formatText

	given map[string]given // where each setting came from, by its key
}

// TLS is how to speak to servers; without CAFile it is plain TCP.
type TLS struct {
	CAFile, CertFile, KeyFile string
	ServerName                string // in place of server.<region>.nomad
	VerifyServerName          bool
	MinVersion                uint16
	CipherSuites              []uint16
}

// Agents is how to speak to agents; without CertFile it is plain TCP.
type Agents struct {
	CertFile, KeyFile string
	ClientCAFile      string // agents must show a certificate of it; empty: they show none
}

// DNS is where servers are looked for by name; without names they are not.
type DNS struct {
	Names, Services, Resolvers []string
	Port                       int
}

// Consul is where servers are looked for in a catalogue.
type Consul struct {
	Enabled                               bool
	Address, TokenFile                    string
	CAFile, CertFile, KeyFile, ServerName string
	Datacenter, Service, Tag              string
}

// The forms of the log.
const (
	formatJSON = "json"
	formatText = "text"
)

// defaults are what counts without anything given.
func defaults() *Config {
	return &Config{
		Listen: []string{"127.0.0.1:4746"}, Region: "global",
		TLS:          TLS{VerifyServerName: true},
		DNS:          DNS{Port: 4647},
		Consul:       Consul{Service: "nomad", Tag: "rpc"},
		DrainTimeout: 10 * time.Second, MaxConns: 512,
		LogLevel: zerolog.InfoLevel, LogFormat: formatJSON,
	}
}
