package consul

import (
	"cmp"
	"os"
	"strconv"

	"github.com/hashicorp/consul/api"
)

// settings is a Config combined with the environment.
type settings struct {
	Config            // with its defaults
	place             // where Consul is
	api    api.Config // for the client; without a transport
}

// resolve reads the environment. The fields that are set count before it.
func resolve(cfg Config) (*settings, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := switches(); err != nil {
		return nil, err
	}
	s := &settings{Config: cfg, api: *api.DefaultConfig()}
	field := origin("Address", cfg.Address, api.HTTPAddrEnvName)
	var err error
	if s.place, err = locate(cmp.Or(cfg.Address, s.api.Address), field); err != nil {
		return nil, err
	}
	if cfg.Scheme == "http" && s.secure {
		return nil, &ConfigError{Field: "Scheme", Reason: `is "http", and ` + field + ` begins with https: give one of them`}
	}
	s.api.Transport, s.api.HttpClient = nil, nil
	s.api.Address, s.api.PathPrefix = s.host, s.prefix
	if s.secure || cfg.Scheme == "https" || cfg.secured() {
		s.api.Scheme = "https"
	} else if cfg.Scheme == "http" {
		s.api.Scheme = "http"
	}
	for _, f := range []struct {
		into  *string
		given string
	}{
		{&s.api.TLSConfig.CAFile, cfg.CAFile},
		{&s.api.TLSConfig.CertFile, cfg.CertFile},
		{&s.api.TLSConfig.KeyFile, cfg.KeyFile},
		{&s.api.TLSConfig.Address, cfg.ServerName},
		{&s.api.Namespace, cfg.Namespace},
		{&s.api.Partition, cfg.Partition},
	} {
		*f.into = cmp.Or(f.given, *f.into)
	}
	if cfg.Token != "" || cfg.TokenFile != "" {
		s.api.Token, s.api.TokenFile = cfg.Token, cfg.TokenFile
	}
	return s, nil
}

// switches checks the variables that are true or false. For one that is neither the client
// would choose: a bad CONSUL_HTTP_SSL_VERIFY would make it accept any certificate.
func switches() error {
	for _, name := range []string{api.HTTPSSLEnvName, api.HTTPSSLVerifyEnvName} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if _, err := strconv.ParseBool(value); err != nil {
			return &ConfigError{Field: name, Reason: "is " + quote(value) + ": give true or false", Err: err}
		}
	}
	return nil
}
