package main

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
)

const testServiceName = "grpc.testing.TestService"

// serviceCases ask the standard services of a server, with grpc-go's own stubs for them.
var serviceCases = []testCase{
	{"health_check", healthCheck},
	{"health_watch", healthWatch},
	{"reflection_v1alpha", reflectionAlpha},
}

func healthCheck(s server) error {
	return s.with(func(connection *grpc.ClientConn) error {
		ctx, cancel := background()
		defer cancel()
		health := healthpb.NewHealthClient(connection)
		for _, name := range []string{"", testServiceName} {
			answer, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: name})
			if err != nil {
				return err
			}
			if answer.Status != healthpb.HealthCheckResponse_SERVING {
				return fmt.Errorf("the status of %q is %v", name, answer.Status)
			}
		}
		_, err := health.Check(ctx, &healthpb.HealthCheckRequest{Service: "no.Service"})
		return expectStatus(err, codes.NotFound, "")
	})
}

func healthWatch(s server) error {
	wanted := map[string]healthpb.HealthCheckResponse_ServingStatus{
		"":           healthpb.HealthCheckResponse_SERVING,
		"no.Service": healthpb.HealthCheckResponse_SERVICE_UNKNOWN,
	}
	return s.with(func(connection *grpc.ClientConn) error {
		ctx, cancel := background()
		defer cancel()
		for name, expected := range wanted {
			changes, err := healthpb.NewHealthClient(connection).Watch(ctx, &healthpb.HealthCheckRequest{Service: name})
			if err != nil {
				return err
			}
			answer, err := changes.Recv()
			if err != nil {
				return err
			}
			if answer.Status != expected {
				return fmt.Errorf("the status of %q is %v", name, answer.Status)
			}
		}
		return nil
	})
}

func reflectionAlpha(s server) error {
	return s.with(func(connection *grpc.ClientConn) error {
		ctx, cancel := background()
		defer cancel()
		stream, err := reflectionpb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		ask := func(request *reflectionpb.ServerReflectionRequest) (*reflectionpb.ServerReflectionResponse, error) {
			if err := stream.Send(request); err != nil {
				return nil, err
			}
			return stream.Recv()
		}
		list, err := ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
		if err != nil {
			return err
		}
		listed := false
		for _, service := range list.GetListServicesResponse().GetService() {
			listed = listed || service.GetName() == testServiceName
		}
		if !listed {
			return fmt.Errorf("%s is not listed: %v", testServiceName, list)
		}
		file, err := ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: testServiceName}})
		if err != nil {
			return err
		}
		if got := len(file.GetFileDescriptorResponse().GetFileDescriptorProto()); got != 3 {
			return fmt.Errorf("%s comes in %d files, not in 3", testServiceName, got)
		}
		return nil
	})
}
