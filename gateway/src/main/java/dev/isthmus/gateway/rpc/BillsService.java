package dev.isthmus.gateway.rpc;

import dev.isthmus.gateway.bill.PriceFile;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.daemon.VolumeUsage;
import dev.isthmus.gateway.rpc.v1.BillsGrpc;
import dev.isthmus.gateway.rpc.v1.GetPricesRequest;
import dev.isthmus.gateway.rpc.v1.GetUsageRequest;
import dev.isthmus.gateway.rpc.v1.GetUsageResponse;
import dev.isthmus.gateway.rpc.v1.PriceTable;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's side of bills. Threading: thread-safe; each call has a virtual thread and may block
 * it.
 */
final class BillsService extends BillsGrpc.BillsImplBase {

  private final VolumeManager volumes;
  private final @Nullable Path prices;

  /**
   * @param prices read at each call, so that it may be changed and can't stop a daemon's start;
   *     null for the table that comes along
   */
  BillsService(VolumeManager volumes, @Nullable Path prices) {
    this.volumes = volumes;
    this.prices = prices;
  }

  @Override
  public void getUsage(GetUsageRequest request, StreamObserver<GetUsageResponse> answer) {
    Answers.one(
        answer,
        () -> {
          var all = GetUsageResponse.newBuilder();
          for (VolumeUsage usage : volumes.usage(request.getNamesList())) {
            var message = BillMessages.usage(usage);
            if (request.getList()) {
              message.setListed(BillMessages.listed(volumes.measure(usage.name())));
            }
            all.addVolumes(message);
          }
          return all.build();
        });
  }

  @Override
  public void getPrices(GetPricesRequest request, StreamObserver<PriceTable> answer) {
    Answers.one(
        answer,
        () -> BillMessages.prices(prices == null ? PriceFile.shipped() : PriceFile.read(prices)));
  }
}
