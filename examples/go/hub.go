package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// connectToHub is gRPC to the hub, from three environment variables: SWITCHYARD_HUB (default http://127.0.0.1:7700; https:
// for TLS), SWITCHYARD_CA (PEM file with whom to trust; default: the machine's certificates) and SWITCHYARD_TOKEN (an API
// key). It connects with the first call.
func connectToHub() (*grpc.ClientConn, error) {
	hub, err := url.Parse(orElse(os.Getenv("SWITCHYARD_HUB"), "http://127.0.0.1:7700"))
	if err != nil {
		return nil, fmt.Errorf("SWITCHYARD_HUB: %w", err)
	}
	transport := insecure.NewCredentials()
	if hub.Scheme == "https" {
		config, err := trust(os.Getenv("SWITCHYARD_CA"))
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		// A watch may be silent for 10 s. This finds out when the network has gone.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second}),
	}
	if key := os.Getenv("SWITCHYARD_TOKEN"); key != "" {
		options = append(options, grpc.WithPerRPCCredentials(token(key)))
	}
	return grpc.NewClient(hub.Host, options...)
}

func trust(caFile string) (*tls.Config, error) {
	if caFile == "" {
		return &tls.Config{}, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("SWITCHYARD_CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("SWITCHYARD_CA: %s holds no certificate", caFile)
	}
	return &tls.Config{RootCAs: pool}, nil
}

// token is an API key that goes with every call.
type token string

func (key token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(key)}, nil
}

// RequireTransportSecurity says no, as a hub on loopback may ask for keys without TLS.
func (token) RequireTransportSecurity() bool { return false }

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
