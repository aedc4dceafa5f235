// Package operate shows what an agent does about errors, certificates and its log.
package operate
