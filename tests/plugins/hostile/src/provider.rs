use cpi_plugin_sdk::{About, Call, Failure, Image, NetworkCreated, NetworkSpec, Plan, Provider, Size, Tag, http};

use crate::{agent, escape, exhaust, fan_out, found, image, many, mode, network, noise, results, scan, store};

#[derive(Default)]
pub(crate) struct Hostile;

impl Provider for Hostile {
    fn info(&self) -> About {
        mode::info()
    }

    /// The identifier is a trick, maybe with an argument behind a colon.
    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        let (trick, argument) = vm.split_once(':').unwrap_or((vm, ""));
        match trick {
            "ok" => return Ok(true),

            // Ends badly.
            "trap" => panic!("hostile: a recognisable panic"),
            "unreachable" => exhaust::unreachable(),
            "exit" => exhaust::exit(),

            // Takes what there is.
            "loop" => exhaust::spin(),
            "sleep" => exhaust::sleep_for_ever().await,
            "sleep-zero" => exhaust::sleep_in_no_time().await,
            "memory" => exhaust::memory(),
            "stack" => found(exhaust::stack(call.settings.len() as u64)),
            "state-fill" => store::fill().await,
            "http-flood" => network::flood(call).await,
            "http-body" => network::large_body(call).await,

            // Honest, for once: `naps:NUMBER` waits so often, 20 ms each, and computes next to nothing.
            "naps" => exhaust::naps(argument).await,
            "fan-out" => fan_out::requests(call, argument).await,

            // Talks where it should not.
            "stdout" => noise::stdout(),
            "stderr" => noise::stderr(),
            "log-flood" => noise::flood(),
            "log-inject" => noise::inject(),

            // Looks around.
            "settings" => found(call),
            "env" => escape::everything(),
            "memory-scan" => scan::memory(argument),
            "state-keys" => store::keys().await,
            // Shows what another call left behind: `state-put:TEXT`, then `state-get`.
            "state-put" => store::put(argument).await,
            "state-get" => store::get().await,
            // Holds a lease when it ends.
            "lease-trap" => store::trap_with_lease().await,

            // So many of something at once: `lease-many:NUMBER`.
            "lease-many" => many::leases(argument).await,
            "wait-many" => many::waits(argument).await,
            "sleep-many" => many::sleeps(argument).await,
            "state-many" => many::entries(argument).await,
            "state-pending" => many::writes(argument).await,
            "intents-many" => many::intents(argument).await,
            "log-wide" => many::fields(argument),

            // Waits for a lease that another call holds, and holds it: `lease-hold:MILLISECONDS`.
            "lease-wait" => store::wait_for_lease().await,
            "lease-hold" => store::hold_lease(argument).await,

            // Texts that are no texts, and answers that were given already.
            "invalid-text" => noise::invalid_text(),
            "return-twice" => results::twice(),

            // Any requests: see [`network::Order`].
            "send" => network::send(argument).await,
            // One GET: `http:URL` without and `signed:URL` with the credential.
            "http" => network::get(argument).await,
            "signed" => network::get_signed(argument).await,
            // `as:CREDENTIAL URL TEXT`: one GET with this credential, and then a look for the text, which is written
            // backwards, in the plugin's memory. `as-ten:CREDENTIAL URL`: ten at the same time.
            "as" => network::get_as(argument).await,
            "as-ten" => network::get_ten_as(argument).await,
            // GETs with headers that only the host may set.
            "smuggle" => network::smuggle(&http::get(argument)).await,
            "smuggle-signed" => network::smuggle(&http::get(argument).credential("aws")).await,

            _ => return Ok(false),
        }?;
        Ok(true)
    }

    /// See [`agent::create_vm`].
    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        agent::create_vm(call, &plan).await
    }

    /// See [`image::create_stemcell`].
    async fn create_stemcell(
        &self,
        _call: &Call,
        image: &Image,
        properties: &str,
        _tags: &[Tag],
    ) -> Result<String, Failure> {
        image::create_stemcell(image, properties).await
    }

    /// Not JSON.
    async fn vm_properties_for(&self, _call: &Call, _size: Size) -> Result<String, Failure> {
        Ok("{\"unfinished\":".to_owned())
    }

    async fn create_disk(&self, _call: &Call, size: u64, _: &str, _: Option<&str>) -> Result<String, Failure> {
        Ok(results::disk_cid(size))
    }

    async fn attach_disk(&self, _call: &Call, _vm: &str, disk: &str) -> Result<String, Failure> {
        Ok(results::hint(disk))
    }

    async fn get_disks(&self, _call: &Call, _vm: &str) -> Result<Vec<String>, Failure> {
        Ok(results::many_disks())
    }

    /// A text that looks like an answer of the host, and like the director's word for an unknown method.
    async fn delete_disk(&self, _call: &Call, disk: &str) -> Result<(), Failure> {
        Err(results::failure(disk))
    }

    /// Addresses that are none, properties that are no object.
    async fn create_network(&self, _call: &Call, _spec: NetworkSpec) -> Result<NetworkCreated, Failure> {
        Ok(results::network())
    }
}
