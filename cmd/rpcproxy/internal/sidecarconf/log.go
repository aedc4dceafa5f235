package sidecarconf

import (
	"io"
	"time"

	"github.com/rs/zerolog"
)

// LogTo is a writer for lines of the log that gives them their form and writes them to w.
func (c *Config) LogTo(w io.Writer) io.Writer {
	if c.LogFormat == formatText {
		return zerolog.ConsoleWriter{Out: w, NoColor: true, TimeFormat: time.RFC3339}
	}
	return w
}
