package daemon

import (
	"fmt"
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// What systemd is told.
const (
	ready    = sd.SdNotifyReady
	stopping = sd.SdNotifyStopping
	alive    = sd.SdNotifyWatchdog
)

// Times of the service manager.
const (
	statusPause = 10 * time.Second // between two lines for systemctl status
	livesTime   = 5 * time.Second  // for the answer of an owner that lives
)

// manager is the service manager, if there is one.
type manager struct {
	log  zerolog.Logger
	tick *time.Ticker // nil: it has no watchdog
}

func newManager(log zerolog.Logger) *manager {
	m := &manager{log: log}
	switch every, err := sd.SdWatchdogEnabled(false); {
	case err != nil:
		log.Warn().Err(err).Msg("the watchdog of systemd is not used")
	case every > 0:
		m.tick = time.NewTicker(max(every/3, time.Millisecond))
	}
	return m
}

// watchdog ticks when the manager wants a sign of life; it is nil if it wants none.
func (m *manager) watchdog() <-chan time.Time {
	if m.tick == nil {
		return nil
	}
	return m.tick.C
}

// tell tells the manager something; without one it does nothing.
func (m *manager) tell(lines ...string) {
	if _, err := sd.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		m.log.Warn().Err(err).Msg("systemd was not told")
	}
}

// reloading says that another configuration is being put into force.
func reloading() string { return sd.SdNotifyReloading + "\n" + sd.SdNotifyMonotonicUsec() }

// status is a line for systemctl status.
func (d *daemon) status() string {
	server := "none"
	if s, err := d.side.Proxy().FindServer(); err == nil {
		server = s.Addr
	}
	s := d.side.Stats()
	return fmt.Sprintf("STATUS=%d connections of agents, %d refused so far; server %s", s.Connections, s.Refused, server)
}
