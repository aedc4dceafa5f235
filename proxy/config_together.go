package proxy

import (
	"fmt"
	"reflect"
	"strings"
)

// together refuses settings that would have no effect beside others.
func (c *Config) together() error {
	switch {
	case c.Pinger != nil && !reflect.ValueOf(&c.Pool).Elem().IsZero():
		return &ConfigError{Field: "Pool", Reason: fmt.Sprintf("has %s, and there is a Pinger, whose connections are used in its place: leave the Pool empty and give that to the %T, or leave Pinger nil", strings.Join(setFields(c.Pool), ", "), c.Pinger)}
	case c.PreferDatacenter && c.Datacenter == "":
		return &ConfigError{Field: "Datacenter", Reason: `is "" and PreferDatacenter ranks servers by it: give the agent's own, or leave PreferDatacenter false`}
	case c.FleetIndex != 0 && c.Policy == Rendezvous:
		return &ConfigError{Field: "FleetIndex", Reason: fmt.Sprintf("is %d and only the policy shuffle goes by it: give the policy Shuffle, or 0", c.FleetIndex)}
	}
	return nil
}

// setFields names the fields of a struct that are not zero.
func setFields(of any) (set []string) {
	for f, v := range reflect.ValueOf(of).Fields() {
		if !v.IsZero() {
			set = append(set, f.Name)
		}
	}
	return set
}
