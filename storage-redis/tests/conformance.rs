//! The store keeps every promise: on one server, in one bucket and in many, and behind layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use stepkeep_core::conformance::{
    Capability, ConformanceTarget, Loss, Namespace, RawRecord, Support, TargetError, WRONG_PASSWORD, run_all,
};
use stepkeep_core::{Deadlines, Layers, RetryPolicy, SessionStore, Slowness, StoreError, Timestamp};
use stepkeep_storage_redis::RedisStorage;
use stepkeep_test_servers::{Proxy, RedisCluster, RedisServer, RedisSettings};

const PASSWORD: &str = "the-right-one";

/// Prefixes of one server, each reached through a proxy of its own.
#[derive(Clone, Copy)]
struct Prefixes {
    buckets: u16,
    layers: bool,
}

fn server() -> &'static RedisServer {
    static SERVER: std::sync::OnceLock<RedisServer> = std::sync::OnceLock::new();
    SERVER.get_or_init(|| RedisServer::start(&RedisSettings::default().with("requirepass", PASSWORD)))
}

#[async_trait]
impl ConformanceTarget for Prefixes {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let proxy = Proxy::start(([127, 0, 0, 1], server().port()).into()).await;
        let address = proxy.address().to_string();
        Ok(Box::new(Prefix {
            target: *self,
            address,
            proxy: Some(proxy),
            name: format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        }))
    }

    /// Another process has no server of its own: the locator leads to this one's.
    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        let (address, name) = locator.split_once('/').ok_or("no locator")?;
        Ok(Box::new(Prefix {
            target: *self,
            address: address.to_owned(),
            proxy: None,
            name: name.to_owned(),
        }))
    }
}

struct Prefix {
    target: Prefixes,
    address: String,
    proxy: Option<Proxy>,
    name: String,
}

impl Prefix {
    fn url(&self, password: &str) -> String {
        let Prefixes { buckets, .. } = self.target;
        let Self { address, name, .. } = self;
        format!("redis://:{password}@{address}?prefix={name}&buckets={buckets}&connect_timeout_ms=500")
    }

    fn proxy(&self) -> Result<&Proxy, TargetError> {
        self.proxy
            .as_ref()
            .ok_or_else(|| "another process has no proxy".into())
    }
}

/// The order of times as text that the store's records begin with.
fn ordered(time: Timestamp) -> String {
    format!("{:016x}", time.as_millis().cast_unsigned() ^ (1 << 63))
}

#[async_trait]
impl Namespace for Prefix {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        let store = RedisStorage::connect(&self.url(PASSWORD)).await?;
        if !self.target.layers {
            return Ok(Arc::new(store));
        }
        Ok(Layers::new(store, "redis")
            .with_deadline(Deadlines::default())
            .with_retry(RetryPolicy::default())
            .with_tracing(Slowness::default())
            .into_shared())
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let client = redis::Client::open(format!("redis://:{PASSWORD}@127.0.0.1:{}", server().port()))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let member = record.key.encode();
        // Which bucket a key falls into is the store's own matter: a session tells where its index is.
        let store = RedisStorage::connect(&self.url(PASSWORD)).await?;
        store.clear(&record.key, None).await?;
        store
            .create(stepkeep_core::NewSession::new(
                record.key.clone(),
                stepkeep_core::SessionChange::new(record.updated_at).wake_at(record.wake_at),
            ))
            .await?;
        for bucket in 0..self.target.buckets {
            let name = format!("{{{}:{bucket}}}:s:{member}", self.name);
            let exists: bool = redis::cmd("EXISTS")
                .arg(&name)
                .query_async(&mut connection)
                .await?;
            if exists {
                let header = format!("{}{}", record.revision, ordered(record.updated_at));
                let value = format!("{header}{}", record.stored_form);
                let set = redis::cmd("SET").arg(&name).arg(value).take();
                set.exec_async(&mut connection).await?;
            }
        }
        Ok(Support::Claimed)
    }

    async fn cut_off(&self) -> Result<Support, TargetError> {
        self.proxy()?.cut_off();
        Ok(Support::Claimed)
    }

    async fn restore(&self) -> Result<(), TargetError> {
        self.proxy()?.restore();
        Ok(())
    }

    async fn lose_next_write(&self, loss: Loss) -> Result<Support, TargetError> {
        let loss = match loss {
            Loss::Request => stepkeep_test_servers::Loss::Request,
            Loss::Answer => stepkeep_test_servers::Loss::Answer,
        };
        self.proxy()?.lose_next(loss, b"EVAL");
        Ok(Support::Claimed)
    }

    fn lost_writes(&self) -> u64 {
        self.proxy.as_ref().map_or(0, Proxy::lost)
    }

    async fn open_with_wrong_password(
        &self,
    ) -> Result<Option<Result<Arc<dyn SessionStore>, StoreError>>, TargetError> {
        let opened = RedisStorage::connect(&self.url(WRONG_PASSWORD)).await;
        Ok(Some(opened.map(|store| Arc::new(store) as Arc<dyn SessionStore>)))
    }

    fn locator(&self) -> Option<String> {
        Some(format!("{}/{}", self.address, self.name))
    }
}

mod one_bucket {
    stepkeep_core::conformance_tests!(super::Prefixes {
        buckets: 1,
        layers: false
    });
}

mod many_buckets {
    stepkeep_core::conformance_tests!(super::Prefixes {
        buckets: 16,
        layers: false
    });
}

mod layers {
    stepkeep_core::conformance_tests!(super::Prefixes {
        buckets: 1,
        layers: true
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_claims_everything() {
    let target = Prefixes {
        buckets: 1,
        layers: false,
    };
    let report = run_all(&target).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.claimed(), Capability::ALL);
}

/// Prefixes of one cluster, over eight buckets that lie on all its masters.
struct ClusterPrefixes;

fn cluster() -> &'static RedisCluster {
    static CLUSTER: std::sync::OnceLock<RedisCluster> = std::sync::OnceLock::new();
    CLUSTER.get_or_init(|| RedisCluster::start(&RedisSettings::default()))
}

struct ClusterPrefix(String);

#[async_trait]
impl ConformanceTarget for ClusterPrefixes {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = tokio::task::spawn_blocking(cluster).await?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(ClusterPrefix(format!(
            "{}?prefix=test{number}&buckets=8",
            cluster.url()
        ))))
    }

    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(ClusterPrefix(locator.to_owned())))
    }
}

#[async_trait]
impl Namespace for ClusterPrefix {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        Ok(Arc::new(RedisStorage::connect(&self.0).await?))
    }

    fn locator(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

mod cluster_of_three {
    stepkeep_core::conformance_tests!(super::ClusterPrefixes);
}
