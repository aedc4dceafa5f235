package operate

import (
	"fmt"
	"io"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/proxy"
)

// start starts a proxy that logs what an operator should see.
func start(servers []string, log io.Writer) (*proxy.Proxy, error) {
	return proxy.Start(proxy.Config{
		Servers: servers, Region: "global",
		Logger: zerolog.New(log).Level(zerolog.InfoLevel).With().Timestamp().Logger(),
	})
}

// complaints are what an agent's own monitoring should see.
func complaints(p *proxy.Proxy) (all []string) {
	st := p.Stats()
	if st.LostLines > 0 {
		all = append(all, fmt.Sprintf("%d log lines were lost: the writer of the log does not keep up", st.LostLines))
	}
	if st.Panics > 0 {
		all = append(all, fmt.Sprintf("%d panics in code of the agent's: the log has the stacks", st.Panics))
	}
	return all
}
