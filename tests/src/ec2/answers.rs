use super::field;

const IMAGE: &str = "<imagesSet><item><imageId>ami-0123456789abcdef0</imageId><imageState>available</imageState>\
    <rootDeviceName>/dev/xvda</rootDeviceName><rootDeviceType>ebs</rootDeviceType>\
    <virtualizationType>hvm</virtualizationType><blockDeviceMapping><item><deviceName>/dev/xvda</deviceName>\
    <ebs><volumeSize>3</volumeSize></ebs></item></blockDeviceMapping></item></imagesSet>";

const SUBNET: &str = "<subnetSet><item><subnetId>subnet-0123456789abcdef0</subnetId>\
    <vpcId>vpc-0123456789abcdef0</vpcId><availabilityZone>us-east-1a</availabilityZone></item></subnetSet>";

const INTERFACE: &str = "<networkInterfaceId>eni-0123456789abcdef0</networkInterfaceId>\
    <status>available</status><macAddress>02:00:00:00:00:01</macAddress>";

const INSTANCE: &str = "<instancesSet><item><instanceId>i-0123456789abcdef0</instanceId>\
    <instanceState><code>16</code><name>running</name></instanceState><networkInterfaceSet><item>\
    <networkInterfaceId>eni-0123456789abcdef0</networkInterfaceId>\
    <attachment><attachmentId>eni-attach-0123456789abcdef0</attachmentId></attachment>\
    </item></networkInterfaceSet></item></instancesSet>";

/// Status and body of the answer to an action. Everything is there at once.
pub(super) fn of(action: &str, form: &str) -> (u16, String) {
    let content = match action {
        "DescribeImages" => IMAGE.to_owned(),
        "DescribeSubnets" => SUBNET.to_owned(),
        "CreateNetworkInterface" => format!("<networkInterface>{INTERFACE}</networkInterface>"),
        "DescribeNetworkInterfaces" => format!("<networkInterfaceSet><item>{INTERFACE}</item></networkInterfaceSet>"),
        "RunInstances" => INSTANCE.to_owned(),
        "DescribeInstances" if field(form, "InstanceId.1") == "i-0123456789abcdef0" => {
            format!("<reservationSet><item>{INSTANCE}</item></reservationSet>")
        }
        "DescribeInstances" => "<reservationSet/>".to_owned(),
        "ModifyNetworkInterfaceAttribute" | "ModifyInstanceAttribute" | "CreateTags" => {
            "<return>true</return>".to_owned()
        }
        _ => return (400, unknown(action)),
    };
    (
        200,
        format!(
            "<{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{content}</{action}Response>"
        ),
    )
}

fn unknown(action: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>InvalidAction</Code><Message>no answer to {action} is written down in \
         ec2/answers.rs</Message></Error></Errors><RequestID>r</RequestID></Response>"
    )
}
